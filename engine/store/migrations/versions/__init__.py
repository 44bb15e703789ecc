"""One file a migration; `revision` is its number. A new one goes at the end and changes no older one."""
