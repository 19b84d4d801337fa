// Locks one terminal until its user proves who they are. Started by a check, as root; see src/lock/locker.ts.
