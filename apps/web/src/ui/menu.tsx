import { Check, ChevronRight } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";

type MenuProps = {
  readonly trigger: ReactNode;
  readonly children: ReactNode;
  readonly side?: "top" | "bottom";
  readonly align?: "start" | "end";
};

/** A list of things to do that opens from a button. */
export function Menu({ trigger, children, side = "bottom", align = "end" }: MenuProps) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          side={side}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="z-40 max-h-[min(28rem,var(--radix-dropdown-menu-content-available-height))] min-w-48 max-w-80 overflow-y-auto rounded-large border border-line bg-raised p-1 shadow-float animate-appear"
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

const itemClass =
  "flex min-h-8 w-full cursor-pointer items-center gap-2.5 rounded-small px-2.5 py-1.5 text-side outline-none select-none data-highlighted:bg-bubble touch:min-h-11";

type MenuItemProps = {
  readonly icon?: ReactNode;
  readonly danger?: boolean;
  readonly onSelect: () => void;
  readonly children: ReactNode;
};

export function MenuItem({ icon, danger = false, onSelect, children }: MenuItemProps) {
  return (
    <DropdownMenu.Item onSelect={onSelect} className={classNames(itemClass, danger ? "text-danger" : "text-ink")}>
      {icon}
      {children}
    </DropdownMenu.Item>
  );
}

type ChoicesProps = {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly children: ReactNode;
};

/** Items of which one is chosen. */
export function MenuChoices({ value, onChange, children }: ChoicesProps) {
  return (
    <DropdownMenu.RadioGroup value={value} onValueChange={onChange}>
      {children}
    </DropdownMenu.RadioGroup>
  );
}

export function MenuChoice({ value, children }: { readonly value: string; readonly children: ReactNode }) {
  return (
    <DropdownMenu.RadioItem value={value} className={itemClass}>
      <span className="flex-1">{children}</span>
      <DropdownMenu.ItemIndicator>
        <Check size={16} className="text-accent" aria-hidden />
      </DropdownMenu.ItemIndicator>
    </DropdownMenu.RadioItem>
  );
}

type SubMenuProps = { readonly label: string; readonly icon?: ReactNode; readonly children: ReactNode };

/** An item that opens more of them beside it. */
export function SubMenu({ label, icon, children }: SubMenuProps) {
  return (
    <DropdownMenu.Sub>
      <DropdownMenu.SubTrigger className={classNames(itemClass, "data-[state=open]:bg-bubble")}>
        {icon}
        <span className="flex-1">{label}</span>
        <ChevronRight size={14} className="text-faint rtl:rotate-180" aria-hidden />
      </DropdownMenu.SubTrigger>
      <DropdownMenu.Portal>
        <DropdownMenu.SubContent
          sideOffset={4}
          alignOffset={-5}
          collisionPadding={8}
          className="z-50 max-h-80 min-w-44 max-w-72 overflow-y-auto rounded-large border border-line bg-raised p-1 shadow-float animate-appear"
        >
          {children}
        </DropdownMenu.SubContent>
      </DropdownMenu.Portal>
    </DropdownMenu.Sub>
  );
}

export function MenuLabel({ children }: { readonly children: ReactNode }) {
  return <DropdownMenu.Label className="px-2.5 pt-2 pb-1 text-caption text-faint">{children}</DropdownMenu.Label>;
}

export function MenuLine() {
  return <DropdownMenu.Separator className="my-1 h-px bg-line" />;
}
