// What the loader writes when no plugin is loaded: no headers, no metadata.

struct plugins_t {
}
