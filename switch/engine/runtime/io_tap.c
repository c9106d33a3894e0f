#include "io_tap.h"

#include <linux/if_ether.h>
#include <stdio.h>
#include <sys/stat.h>

bool io_tapped(int index, int own)
{
    struct stat status;
    char line[256];
    FILE *file = fopen("/proc/thread-self/net/packet", "re");
    bool tapped = false;
    if (!file || fstat(own, &status) != 0)
        status.st_ino = 0;
    while (file && !tapped && fgets(line, sizeof line, file)) {
        unsigned protocol, inode;
        int interface;
        /* sk RefCnt Type Proto Iface R Rmem User Inode */
        if (sscanf(line, "%*s %*s %*s %x %d %*s %*s %*s %u", &protocol, &interface, &inode) != 3)
            continue;
        tapped = protocol == ETH_P_ALL && (interface == index || interface == 0) && inode != status.st_ino;
    }
    if (file)
        fclose(file);
    return tapped;
}
