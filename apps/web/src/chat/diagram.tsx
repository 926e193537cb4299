import { Code, Workflow } from "lucide-react";
import { useEffect, useState } from "react";
import { useIsCodeFenceIncomplete } from "streamdown";
import { useText } from "../language/language.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { CodeBlock } from "./code-block.tsx";
import { drawDiagram } from "./draw-diagram.ts";

type Drawing =
  | { readonly kind: "none" }
  | { readonly kind: "failed" }
  | { readonly kind: "drawn"; address: string; width: number };

/** A Mermaid diagram: its source until it is whole, then the drawing. */
export function Diagram({ source }: { readonly source: string }) {
  const text = useText();
  const incomplete = useIsCodeFenceIncomplete();
  const theme = useTheme();
  const drawing = useDrawing(incomplete ? null : source, theme);
  const [asSource, setAsSource] = useState(false);
  if (incomplete || drawing.kind === "none") return <CodeBlock language="mermaid" code={source} />;
  if (drawing.kind === "failed") {
    return (
      <>
        <CodeBlock language="mermaid" code={source} />
        <p className="text-caption text-faint">{text("thread.diagram_unreadable")}</p>
      </>
    );
  }
  return (
    <figure className="code-frame" data-testid="diagram">
      <div className="flex h-9 items-center justify-between ps-4 pe-1">
        <figcaption className="text-caption text-faint">{text("thread.diagram")}</figcaption>
        <span className="flex">
          <IconButton
            small
            label={text(asSource ? "thread.show_diagram" : "thread.show_source")}
            icon={asSource ? <Workflow size={16} aria-hidden /> : <Code size={16} aria-hidden />}
            onClick={() => setAsSource(!asSource)}
          />
          <CopyButton text={() => source} label={text("thread.copy_source")} />
        </span>
      </div>
      {asSource ? (
        <section>
          <pre>{source}</pre>
        </section>
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: a picture in its frame is not a set of fields
        <div
          role="group"
          aria-label={text("thread.diagram")}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
          tabIndex={0}
          className="flex justify-center-safe overflow-x-auto px-4 pt-1 pb-5 -outline-offset-2"
        >
          {/* Never so small that its words cannot be read: then it scrolls. */}
          <img
            src={drawing.address}
            alt={source}
            className="max-w-none"
            style={{ width: `min(${drawing.width}px, max(100%, ${Math.round(drawing.width * 0.7)}px))` }}
          />
        </div>
      )}
    </figure>
  );
}

/** The drawing as a picture: inside one, nothing a model wrote can run or reach the page. */
function useDrawing(source: string | null, theme: "light" | "dark"): Drawing {
  const [drawing, setDrawing] = useState<Drawing>({ kind: "none" });
  useEffect(() => {
    if (source === null) return;
    let address: string | null = null;
    let wanted = true;
    drawDiagram(source, theme).then(
      (svg) => {
        if (!wanted) return;
        address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
        setDrawing({ kind: "drawn", address, width: widthOf(svg) });
      },
      () => wanted && setDrawing({ kind: "failed" }),
    );
    return () => {
      wanted = false;
      if (address !== null) URL.revokeObjectURL(address);
    };
  }, [source, theme]);
  return drawing;
}

/** Its own width in pixels, from its view box. */
function widthOf(svg: string): number {
  const width = Number(/viewBox="\S+ \S+ (\S+) \S+"/.exec(svg)?.[1]);
  return Number.isFinite(width) && width > 0 ? Math.ceil(width) : 640;
}

function useTheme(): "light" | "dark" {
  const [theme, setTheme] = useState(themeNow);
  useEffect(() => {
    const observer = new MutationObserver(() => setTheme(themeNow()));
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => observer.disconnect();
  }, []);
  return theme;
}

function themeNow(): "light" | "dark" {
  return document.documentElement.dataset.theme === "dark" ? "dark" : "light";
}
