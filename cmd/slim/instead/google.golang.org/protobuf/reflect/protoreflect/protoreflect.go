// Package protoreflect stands in for protobuf's descriptions of messages, of which there are none here.
package protoreflect

type (
	Message        any
	EnumDescriptor any
	EnumType       any
	FileDescriptor any
	EnumNumber     int32
)
