/* lab.h - local hosts: network, mount, pid, uts and ipc namespaces with an overlay of the
 * root file system and an sshd of their own, all inside one outer set of namespaces.
 *
 * The machine sees one process (and its children): no namespace has a name, no link and
 * no mount is visible, and the death of that process takes everything with it. Hosts of
 * lab NAME: n1, n2, ...; addresses 10.77.0.I and fd77::I, which exist only inside. */
#ifndef HARNESS_LAB_H
#define HARNESS_LAB_H

#include "harness/hosts/inventory.h"

#define LAB_DEFAULT "default"
enum {
	LAB_HOSTS_MAX = 100
};

/* Brings up `count` hosts and returns when each answers SSH. Refused when the lab is up.
 */
bool lab_up(const char *name, int count, struct err *err);

/* Ends the lab: processes, namespaces, mounts, files. A lab that is not there: no error.
 */
bool lab_down(const char *name, struct err *err);

bool lab_is_up(const char *name);

/* Moves this process (call it before threads start) into the lab's network, so that the
 * hosts can be reached. Nothing else changes: files are those of the machine. */
bool lab_join(const char *name, struct err *err);

/* Adds the lab's hosts, with key and known_hosts of the lab. */
bool lab_inventory(const char *name, struct inventory *inventory, struct err *err);

#endif
