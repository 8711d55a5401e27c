package tui

import (
	"encoding/json"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/clawdbot/gateway/transport/wire"
)

// Names of the protocol's addition by which a command that the agent wants to run is allowed.
const (
	approvalRequested = wire.EventExecApprovalRequested
	approvalResolved  = wire.EventExecApprovalResolved
	approvalList      = "exec.approvals.list"
	approvalResolve   = "exec.approval.resolve"
)

// approval is a command that waits for somebody's word.
type approval struct{ wire.ExecApproval }

// text is the exact command behind the variables that it sets; words of an argument list are in quotes where they need them.
func (a approval) text() string {
	env := ""
	for _, v := range a.Env {
		env += quoted([]string{v}) + "\n"
	}
	if a.Command != "" {
		return env + a.Command
	}
	return env + quoted(a.Argv)
}

func quoted(argv []string) string {
	words := make([]string, len(argv))
	for i, w := range argv {
		if words[i] = w; w == "" || strings.ContainsAny(w, " \t\n\"'`$&|;<>()*?[]{}\\") {
			words[i] = fmt.Sprintf("%q", w)
		}
	}
	return strings.Join(words, " ")
}

type approvalsFound struct{ all []approval }

// lookForApprovals asks what waits. A gateway that does not know the question has nothing that waits.
func (m *model) lookForApprovals() tea.Cmd {
	return m.call(approvalList, struct{}{}, func(b json.RawMessage, err error) tea.Msg {
		var r wire.ExecApprovalsListResult
		if err == nil {
			err = wire.Unmarshal(b, &r)
		}
		var found approvalsFound
		if err == nil {
			for _, p := range r.Pending {
				found.all = append(found.all, approval{p})
			}
		}
		return found
	})
}

func (m *model) onApprovals(msg approvalsFound) {
	m.approvals = msg.all
	if p := m.picker; p != nil && strings.HasPrefix(p.title, approvalTitle) {
		for _, a := range m.approvals {
			if p.asked == a.ID {
				return
			}
		}
		m.picker = nil // somebody else has answered
		m.notice = "It was answered elsewhere."
	}
}

const approvalTitle = "May this be run?"

// approve opens the question for the first command that waits. What is chosen without looking is the refusal.
func (m *model) approve() {
	if len(m.approvals) == 0 {
		m.notice = "Nothing waits for an answer."
		return
	}
	a := m.approvals[0]
	who := a.SessionKey
	if a.Surface != "" || a.Sender != "" {
		who += " (" + strings.TrimSpace(a.Surface+" "+a.Sender) + ")"
	}
	var above []string
	for i, line := range strings.Split(strings.TrimRight(clean(a.text()), "\n"), "\n") {
		above = append(above, map[bool]string{true: bold + "  $ " + reset, false: "    "}[i == 0]+bold+line+reset)
	}
	above = append(above, dim+"  in "+reset+oneLine(a.Cwd), dim+"  asked by "+reset+oneLine(who), "")
	m.picker = &picker{
		title: approvalTitle, above: above, asked: a.ID, all: []choice{
			{"deny", "Deny", "the agent is told that it may not"},
			{"allow-once", "Allow once", "this command, now"},
			{"allow-always", "Always allow", "this command, from now on without asking"},
		},
		picked: func(m *model, decision string) command { return m.decide(a, decision) },
	}
}

func (m *model) decide(a approval, decision string) tea.Cmd {
	resolved := m.call(approvalResolve, map[string]string{"id": a.ID, "decision": decision}, func(_ json.RawMessage, err error) tea.Msg {
		if err != nil {
			return told{"Not answered: " + oneLine(refusalText(err))}
		}
		return told{fmt.Sprintf("Answered: %s.", decision)}
	})
	return tea.Sequence(resolved, m.lookForApprovals())
}
