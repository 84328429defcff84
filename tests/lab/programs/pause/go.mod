module lab.invalid/pause

go 1.26.0

tool lab.invalid/pause
