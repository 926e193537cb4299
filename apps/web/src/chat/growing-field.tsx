import {
  type ClipboardEvent,
  type KeyboardEvent,
  type Ref,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
} from "react";
import { classNames } from "../ui/class-names.ts";

type GrowingFieldProps = {
  readonly ref?: Ref<HTMLTextAreaElement>;
  readonly id?: string;
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly autoFocus?: boolean;
  readonly describedBy?: string;
  readonly testId?: string;
  readonly className?: string;
  readonly onChange: (text: string) => void;
  /** Enter without Shift, and not to end an input method's composition. */
  readonly onEnter: () => void;
  readonly onEscape?: () => void;
  readonly onPaste?: (event: ClipboardEvent<HTMLTextAreaElement>) => void;
  /** Arrow up in an empty field. */
  readonly onUp?: () => void;
};

/** A field for text of any length, as high as its text. */
export function GrowingField(props: GrowingFieldProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  useImperativeHandle(props.ref, () => field.current as HTMLTextAreaElement);
  // The height follows the text, also where the browser cannot size fields by their content.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what the height depends on
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null || CSS.supports("field-sizing", "content")) return;
    element.style.height = "0";
    element.style.height = `${element.scrollHeight}px`;
  }, [props.value]);
  // With the next picture: to take the focus, the browser must lay the whole page out, which it is about to do then anyhow.
  useEffect(() => {
    if (props.autoFocus !== true) return;
    const frame = requestAnimationFrame(() => {
      field.current?.focus({ preventScroll: true });
      field.current?.setSelectionRange(field.current.value.length, field.current.value.length);
    });
    return () => cancelAnimationFrame(frame);
  }, [props.autoFocus]);
  return (
    <textarea
      ref={field}
      id={props.id}
      rows={1}
      // Without text the placeholder counts, and it runs the way of the page.
      dir={props.value === "" ? undefined : "auto"}
      aria-label={props.label}
      aria-describedby={props.describedBy}
      data-testid={props.testId}
      placeholder={props.placeholder}
      value={props.value}
      onChange={(event) => props.onChange(event.target.value)}
      onPaste={props.onPaste}
      onKeyDown={(event) => onKey(event, props)}
      className={classNames(
        "block w-full resize-none bg-transparent text-body [field-sizing:content] outline-none placeholder:text-faint",
        props.className,
      )}
    />
  );
}

function onKey(event: KeyboardEvent<HTMLTextAreaElement>, props: GrowingFieldProps): void {
  // Safari ends a composition before it tells of the key; 229 is how it says so.
  const composing = event.nativeEvent.isComposing || event.keyCode === 229;
  if (composing) return;
  if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    props.onEnter();
  } else if (event.key === "Escape" && props.onEscape !== undefined) {
    event.preventDefault();
    event.stopPropagation();
    props.onEscape();
  } else if (event.key === "ArrowUp" && props.value === "" && props.onUp !== undefined) {
    event.preventDefault();
    props.onUp();
  }
}
