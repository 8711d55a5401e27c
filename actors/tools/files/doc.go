// Package files has the tools of the agent that read and change files: read, write, edit, grep, find and ls.
//
// They work in the directories of a Jail and nowhere else. A path is walked one name at a time through os.Root; links are
// followed by hand, as long as they stay inside, and what was opened is compared with what was looked at, so that nobody gets
// out by exchanging a name for a link meanwhile. Only regular files and directories are opened, and never what is forbidden
// (the gateway's state, credentials and config file), under whatever name. What is refused is an *Error, which says what to
// do instead.
//
// It is no actor and keeps nothing.
package files
