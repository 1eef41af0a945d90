// Package propeller drives propeller's own connector plug-in, unchanged, against the running server.
//
// The plug-in, what it stores between calls and how it is called are those of flyteplugins; the surroundings of
// a task are the fakes that its own tests have. It is a module of its own: the tests of this workspace build it
// with the module proxy.
package propeller
