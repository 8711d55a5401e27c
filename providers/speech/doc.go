// Package speech makes speech of text and text of speech, by services over HTTP: text to speech as ElevenLabs has it, and
// transcription as OpenAI has it, which many servers speak too.
//
// It owns the two requests and what their failures mean. A key goes to the address that it is configured for and nowhere
// else: redirects are not followed. There is no state.
package speech
