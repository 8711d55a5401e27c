// Package prompt is what a model is told before everything else, and the directory of files that a person and the agent
// tell it through.
//
// It owns the system prompt (Build), the files that are put into a new workspace (Ensure) and how much of them a prompt
// holds (Read). It knows nothing of sessions, tools or surfaces: whoever asks gives the facts.
//
// Nothing that a person or a platform wrote comes into the prompt: what a group is called and who is in it are part of
// the message. What is in the workspace is the owner's word.
//
// It is no actor and keeps nothing.
package prompt
