// Package skills owns what is known of the agent's skills: folders with a SKILL.md, found in the bundled directory, the
// managed one, the ones of skills.load.extraDirs and the workspace. It says what each needs and lacks (skills.status),
// runs the installer of what is missing (skills.install) and changes a skill's setup in the config file (skills.update).
//
// Everything is read from disk when it is asked for; a file that has not changed is not parsed again. The actor "skills"
// has no state of its own, and a restart rebuilds nothing. An installation that runs at a crash is ended with its
// whole process group.
package skills
