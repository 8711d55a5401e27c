// Package args is the arguments of a tool as a Go struct: the JSON Schema that a model is shown, and the reading of a call
// with errors that tell the model what to write instead.
//
// A field's json tag is its name, its doc tag what it is for, its arg tag what its value must be beyond its type:
//
//	required              it must be there, and be no blank text
//	enum=a|b              the texts allowed
//	min=N max=N           bounds of a number, or of the number of items of a list
//
// It is no actor and keeps nothing but what it has found out about types.
package args
