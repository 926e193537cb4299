import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useText } from "../language/language.ts";
import { copyText } from "./copy.ts";
import { IconButton } from "./icon-button.tsx";

const shownMs = 1_600;

type CopyButtonProps = { readonly text: () => string; readonly label?: string; readonly className?: string };

/** Copies a text and shows for a moment that it did. */
export function CopyButton({ text: source, label, className }: CopyButtonProps) {
  const text = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <IconButton
      small
      label={copied ? text("shell.copied") : (label ?? text("shell.copy"))}
      className={className}
      icon={copied ? <Check size={16} className="text-accent" aria-hidden /> : <Copy size={16} aria-hidden />}
      onClick={() => void copyText(source()).then(setCopied)}
    />
  );
}
