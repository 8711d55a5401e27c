// Package look has the tool image: what a model that sees says about a picture, for models that do not see, or do not see
// that one.
//
// It is no actor and keeps nothing: the copies of the pictures are gone when the tool has answered.
package look
