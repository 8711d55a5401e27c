// Package board owns what the canvas of the web page shows: which page, whether it is to be seen, and the A2UI messages that
// were pushed to it. It is the device of people who have none: the commands are those that a device node takes.
//
// The files themselves and who may read them are the business of the canvas host, which is reached by the functions in
// Options. What is shown is memory: a restart of the gateway begins with the first page and nothing pushed, as a device does.
package board
