import { subjects } from "@uci/protocol";
import { describe, expect, it } from "vitest";
import { subjectKind } from "../subject-kind.ts";

describe("the kind of a subject", () => {
  it.each([
    [subjects.workflowExecute("sess_1"), "workflow.execute"],
    [subjects.journal(3, "worker-1"), "journal"],
    [subjects.owner("msg_1"), "owner"],
    [subjects.podResponse("pod-1"), "pod.response"],
    [subjects.podHealth("pod-1"), "pod.health"],
    [subjects.podHeartbeat("pod-1"), "pod.heartbeat"],
    [subjects.sessionBroadcast("sess_1"), "session.broadcast"],
    [subjects.messageRead("msg_1"), "message.read"],
    [subjects.messageStop("msg_1"), "message.stop"],
    [subjects.workerAlive("worker-1"), "worker.alive"],
    [subjects.workerHeartbeat("worker-1"), "worker.heartbeat"],
    [subjects.userEvent("token"), "user.event"],
    ["_INBOX_pod.x.1", "reply"],
    ["$JS.API.STREAM.INFO.JOURNAL_0", "jetstream"],
    ["$JS.ACK.WORKFLOW_REQUESTS.workflow-processor.1.2.3.4.5", "acknowledgement"],
    // What others make up must not make new series.
    ["chat.pod.pod-1.made_up", "other"],
    ["chat.made.up", "other"],
    ["elsewhere.pod.x.response", "other"],
  ])("%s is %s", (subject, kind) => expect(subjectKind(subject)).toBe(kind));
});
