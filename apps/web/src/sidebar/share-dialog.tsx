import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Share } from "@uci/protocol";
import { Link2 } from "lucide-react";
import { useState } from "react";
import { activePath } from "../chat/path.ts";
import { queryKeys } from "../connection/chat-service.ts";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import { useFormats, useText } from "../language/language.ts";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ProblemLine } from "../ui/problem-line.tsx";
import { openShare, useShareDialog } from "./share-state.ts";

/** Links to a frozen copy of a chat: made, copied, revoked. */
export function ShareDialog() {
  const text = useText();
  const sessionId = useShareDialog((state) => state.sessionId);
  return (
    <Dialog
      open={sessionId !== null}
      onClose={() => openShare(null)}
      title={text("share.title")}
      description={text("share.text")}
    >
      {sessionId !== null && <Shares key={sessionId} sessionId={sessionId} />}
    </Dialog>
  );
}

function Shares({ sessionId }: { readonly sessionId: string }) {
  const text = useText();
  const { client } = useService();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const queryKey = queryKeys.shares(sessionId);
  const { data } = useQuery({ queryKey, queryFn: ({ signal }) => client.shares.list(sessionId, { signal }) });
  const attempt = async (task: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    try {
      await task();
      await queries.invalidateQueries({ queryKey });
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  const shares = data?.shares ?? [];
  return (
    <div className="flex flex-col gap-4">
      <Button
        kind="primary"
        className="h-10 gap-2"
        disabled={busy}
        data-testid="create-share"
        onClick={() => void attempt(() => client.shares.create(sessionId, shownLeaf(sessionId)))}
      >
        <Link2 size={16} aria-hidden />
        {text("share.create")}
      </Button>
      <ProblemLine problem={problem} />
      {shares.length > 0 && (
        <section aria-label={text("share.existing")}>
          <h3 className="pb-1 text-caption text-faint">{text("share.existing")}</h3>
          <ul className="border-t border-line">
            {shares.map((share) => (
              <ShareRow
                key={share.share_id}
                share={share}
                busy={busy}
                onRevoke={() => void attempt(() => client.shares.remove(share.share_id))}
              />
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

type ShareRowProps = { readonly share: Share; readonly busy: boolean; readonly onRevoke: () => void };

function ShareRow({ share, busy, onRevoke }: ShareRowProps) {
  const text = useText();
  const formats = useFormats();
  const path = `/share/${share.share_id}`;
  return (
    <li className="flex items-center gap-2 border-b border-line py-2" data-testid="share">
      <div className="min-w-0 flex-1">
        <a
          href={path}
          target="_blank"
          rel="noreferrer"
          className="block truncate text-side text-accent hover:underline"
          dir="ltr"
        >
          {`${location.host}${path.slice(0, 14)}…`}
        </a>
        <span className="text-caption text-faint">
          {text("share.created", { date: formats.ago(new Date(share.created_at), new Date()) })}
        </span>
      </div>
      <CopyButton label={text("share.copy")} text={() => `${location.origin}${path}`} />
      <Button disabled={busy} onClick={onRevoke}>
        {text("share.revoke")}
      </Button>
    </li>
  );
}

/** The end of the branch that is on the page; without one, the server takes the newest. */
function shownLeaf(sessionId: string): string | undefined {
  const thread = useChat.getState().threads[sessionId];
  return thread === undefined ? undefined : activePath(thread).at(-1)?.message.message_id;
}
