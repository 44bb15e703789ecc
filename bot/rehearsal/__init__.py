"""The rehearsal stage: a loopback Discord, scripted players, scenes, and the thread as a web page."""
