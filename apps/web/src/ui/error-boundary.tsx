import { Component, type ReactNode } from "react";
import { text } from "../language/language.ts";
import { Button } from "./button.tsx";

type BoundaryProps = { readonly children: ReactNode };

/** What is shown when the page itself fails. What was typed is kept in the browser, so that a reload brings it back. */
export class ErrorBoundary extends Component<BoundaryProps, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="flex h-dvh flex-col items-center justify-center px-6 text-center">
        <h1 className="text-[17px] font-semibold">{text("shell.failed_title")}</h1>
        <p className="mt-1 mb-5 text-side text-soft">{text("shell.failed_text")}</p>
        <Button onClick={() => window.location.reload()}>{text("shell.load_again")}</Button>
      </main>
    );
  }
}
