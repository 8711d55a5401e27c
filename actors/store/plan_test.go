package store

import (
	"regexp"
	"strings"
	"testing"
)

// Every statement that runs per message, call or start finds its rows by an index. A SCAN is allowed over a partial
// index, which holds only open rows, and where the answer is the whole table.
func TestPlans_noTableScan(t *testing.T) {
	t.Parallel()
	s := openStore(t, Options{})
	hot := map[string]string{
		"claim": sqlClaim, "settle": sqlSettle, "lookup": sqlLookup,
		"accept inbound": sqlAcceptInbound, "repeat inbound": sqlRepeatInbound, "pending inbound": sqlPendingInbound, "finish inbound": sqlFinishInbound, "unaddressed": sqlUnaddressed,
		"enqueue": sqlEnqueue, "out id": sqlOutID, "sending": sqlOutSending, "sent": sqlOutSent, "retry": sqlOutRetry,
		"failed": sqlOutFailed, "ambiguous": sqlOutUnsure, "lanes": sqlOutLanes, "next": sqlOutNext, "counts": sqlOutCounts,
		"out list": sqlOutList, "out by key": sqlOutByKey, "out by id": sqlOutByID, "out again": sqlOutAgain,
		"session": sqlSession, "session by id": sqlSessionByID, "sessions": sqlSessions, "put session": sqlPutSession, "delete session": sqlDeleteSession,
		"append": sqlAppendLine, "history": sqlHistory, "line count": sqlLineCount,
		"lines after": sqlLinesAfter, "last line": sqlLastLine, "trim blobs": sqlTrimBlobs, "trim lines": sqlTrimLines, "tail": sqlTail, "put line": sqlPutLine, "blob used": sqlBlobUsed,
		"accept run": sqlAcceptRun, "start run": sqlStartRun, "end run": sqlEndRun, "run": sqlRun, "pending runs": sqlPendingRuns, "pending account": sqlPendingAccount,
		"open runs": sqlOpenRuns, "pending keys": sqlPendingKeys, "run counts": sqlRunCounts,
		"open runs of": sqlRunsOpenFor, "queued": sqlQueued, "stop runs": sqlStopRun, "stopped": sqlStopped, "running": sqlRunning, "set mode": sqlSetMode, "del": sqlDel,
		"put cron job": sqlPutCronJob, "delete cron job": sqlDeleteCronJob, "cron job": sqlCronJob, "cron due": sqlCronDue, "cron next": sqlCronNext,
		"add cron run": sqlAddCronRun, "end cron run": sqlEndCronRun, "trim cron runs": sqlTrimCronRuns, "cron run": sqlCronRun,
		"cron runs": sqlCronRuns, "cron news": sqlOpenCronRuns, "open cron runs": sqlCronRunsOpenFor, "told cron run": sqlToldCronRun,
		"add note": sqlAddNote, "trim notes": sqlTrimNotes, "notes": sqlNotes, "last note": sqlLastNote, "take notes": sqlTakeNotes,
		"code": sqlCode, "is allowed": sqlIsAllowed, "put": sqlPut, "get": sqlGet, "node": sqlNode,
		"import line": sqlImportLine, "import cron run": sqlImportCronRun, "cron run times": sqlKnownCronAt, "bucket": sqlBucket, "drop bucket": sqlDropBucket,
		"sweep keys": sqlSweepKeys, "sweep open keys": sqlSweepOpenKeys, "trim keys": sqlTrimKeys, "sweep inbox": sqlSweepInbox,
		"sweep outbox": sqlSweepOutbox, "sweep runs": sqlSweepRuns,
		"inbound by seq": sqlInboundBySeq, "inbound of": sqlInboundOf, "inbound named": sqlInboundNamed, "out by receipt": sqlOutByReceipt,
		"out parts": sqlOutParts, "out told": sqlOutTold, "out lost": sqlOutLost, "out seen": sqlOutSeen, "runs into": sqlRunsInto, "key": sqlKey, "inbound backlog": sqlInboundBacklog, "out backlog": sqlOutBacklog, "run backlog": sqlRunBacklog, "latest runs": sqlLatestRuns,
	}
	allowed := regexp.MustCompile(`USING (COVERING )?INDEX (outbox_lane|outbox_state|inbox_pending|runs_open|runs_session|runs_stop|runs_state|cron_runs_untold|cron_due|sessions_updated)\b`)
	read(t, s, func(v *View) error {
		for name, query := range hot {
			args := make([]any, parameters(query))
			steps, err := list(v.h, func(p *plan) []any { return []any{&p.id, &p.parent, &p.unused, &p.detail} }, "EXPLAIN QUERY PLAN "+query, args...)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, st := range steps {
				if strings.HasPrefix(st.detail, "SCAN") && !allowed.MatchString(st.detail) || strings.Contains(st.detail, "TEMP B-TREE") {
					t.Errorf("%s: %s", name, st.detail)
				}
			}
		}
		return nil
	})
}

type plan struct {
	id, parent, unused int
	detail             string
}

// parameters counts the arguments of a query: "?" each, or the highest "?N".
func parameters(query string) (n int) {
	for _, m := range regexp.MustCompile(`\?(\d*)`).FindAllStringSubmatch(query, -1) {
		if m[1] == "" {
			n++
		} else if k := int(m[1][0] - '0'); k > n {
			n = k
		}
	}
	return n
}
