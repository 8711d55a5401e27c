// Package codetest is a coding agent for tests: a program that speaks the Agent Client Protocol or pi's RPC mode and does what the
// message tells it, also what no agent should. A test's own binary becomes it through Main. For tests only.
package codetest
