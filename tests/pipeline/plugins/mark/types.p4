struct mark_t {
    bool marked;
}
