package child

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// group is a job object: what is in it, and what that starts, ends with it.
type group struct{ job *job }

// job ends everything in it when its last handle is closed, by the collector or at the end of this process.
type job struct{ handle windows.Handle }

func newJob() (*job, error) {
	h, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("make a job object: %w", err)
	}
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	if _, err := windows.SetInformationJobObject(h, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits))); err != nil {
		_ = windows.CloseHandle(h)
		return nil, fmt.Errorf("make a job object that ends what is in it: %w", err)
	}
	j := &job{h}
	runtime.AddCleanup(j, func(h windows.Handle) { _ = windows.CloseHandle(h) }, h)
	return j, nil
}

// startGroup starts a program within a job. It runs nothing before it is in there, so that nothing it starts is elsewhere.
func startGroup(cmd *exec.Cmd, _ bool) (group, error) {
	j, err := newJob()
	if err != nil {
		return group{}, err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_SUSPENDED | windows.CREATE_NO_WINDOW}
	if err := cmd.Start(); err != nil {
		return group{}, err
	}
	assign := errors.New("it has ended")
	if err := cmd.Process.WithHandle(func(h uintptr) { assign = windows.AssignProcessToJobObject(j.handle, windows.Handle(h)) }); err != nil {
		assign = err
	}
	if assign == nil {
		assign = resume(uint32(cmd.Process.Pid))
	}
	if assign != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it never ran
		return group{}, fmt.Errorf("put %s into a job object: %w", cmd.Path, assign)
	}
	return group{j}, nil
}

// resume lets the one thread of a new process run.
func resume(pid uint32) error {
	all, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(all)
	t := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	for err = windows.Thread32First(all, &t); err == nil; err = windows.Thread32Next(all, &t) {
		if t.OwnerProcessID != pid {
			continue
		}
		h, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, t.ThreadID)
		if err != nil {
			return err
		}
		defer windows.CloseHandle(h)
		_, err = windows.ResumeThread(h)
		return err
	}
	return err
}

// signal ends everything in the job, whatever the signal: there is no way to ask.
func (g group) signal(syscall.Signal) {
	_ = windows.TerminateJobObject(g.job.handle, 1)
	runtime.KeepAlive(g.job)
}

// leash is the job that this process is in itself.
var leash *job

// Leash has everything that this process starts from now on end with it, however it ends. Call it once.
func Leash() error {
	j, err := newJob()
	if err != nil {
		return err
	}
	if err := windows.AssignProcessToJobObject(j.handle, windows.CurrentProcess()); err != nil {
		return fmt.Errorf("put this process into a job object: %w", err)
	}
	leash = j
	return nil
}
