//go:build !nozones && !slim

package main

import _ "time/tzdata" // schedules name zones also where the host has none
