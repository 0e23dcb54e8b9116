"""Where the feet of a walking robot go, and the joint positions that put them there."""
