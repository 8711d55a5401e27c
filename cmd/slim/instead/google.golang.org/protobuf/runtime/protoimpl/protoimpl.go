// Package protoimpl stands in for what generated protobuf code is made with. The actor engine's addresses are such code; nothing in this
// program sends them, so they are structs and no more.
package protoimpl

import (
	"fmt"
	"strconv"
	"unsafe"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// UnsafeEnabled true has the generated code leave out what reads a message without it.
const (
	UnsafeEnabled = true
	MinVersion    = 20
	MaxVersion    = 20
)

type (
	EnforceVersion uint
	SizeCache      = int32
	UnknownFields  = []byte
	Pointer        = unsafe.Pointer

	// MessageState is in each message; it is not used.
	MessageState struct{}
	// MessageInfo would know a message's fields.
	MessageInfo struct{ Exporter func(any, int) any }
	// EnumInfo would know the names of an enumeration.
	EnumInfo struct{}
)

func (*MessageState) StoreMessageInfo(*MessageInfo)       {}
func (*MessageState) LoadMessageInfo() *MessageInfo       { return nil }
func (*MessageInfo) MessageOf(any) protoreflect.Message   { return nil }
func (*EnumInfo) Descriptor() protoreflect.EnumDescriptor { return nil }

// DescBuilder and TypeBuilder take what the generated code knows of its messages. It is dropped.
type (
	DescBuilder struct {
		GoPackagePath                                     string
		RawDescriptor                                     []byte
		NumEnums, NumMessages, NumExtensions, NumServices int32
	}
	TypeBuilder struct {
		File              DescBuilder
		GoTypes           []any
		DependencyIndexes []int32
		EnumInfos         []EnumInfo
		MessageInfos      []MessageInfo
	}
	Out struct{ File protoreflect.FileDescriptor }
)

func (TypeBuilder) Build() Out { return Out{File: struct{}{}} }

// Export is protobuf's helpers for generated code.
type Export struct{}

// X is used by generated code.
var X Export

func (Export) MessageStateOf(Pointer) *MessageState { return nil }
func (Export) CompressGZIP(b []byte) []byte         { return b }
func (Export) EnumStringOf(_ protoreflect.EnumDescriptor, n protoreflect.EnumNumber) string {
	return strconv.Itoa(int(n))
}

// MessageStringOf is how a log shows a message.
func (Export) MessageStringOf(m any) string {
	if pid, ok := m.(interface {
		GetAddress() string
		GetId() string
	}); ok {
		return fmt.Sprintf("Address:%q Id:%q", pid.GetAddress(), pid.GetId())
	}
	return fmt.Sprintf("%T", m)
}
