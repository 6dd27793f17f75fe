// A form that does something with the wallet: busy while it does, and a sentence when it does not.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

interface DoingProps {
  action: string;
  /** Does it with what was filled in; gives a sentence for when it is done. */
  run: (fields: FormData) => Promise<string>;
  children?: ComponentChildren;
}

export function Doing({ action, run, children }: DoingProps) {
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ text: string; isFault: boolean }>();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    setBusy(true);
    setSaid(undefined);
    try {
      setSaid({ text: await run(new FormData(form)), isFault: false });
      form.reset();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      setSaid({ text: text.slice(0, 500), isFault: true });
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="doing" onSubmit={(event) => void submit(event)}>
      {children}
      <button type="submit" disabled={isBusy}>
        {isBusy ? "One moment…" : action}
      </button>
      <p class={said?.isFault ? "note fault" : "note"} role="status">
        {isBusy ? "Your wallet may ask you." : said?.text}
      </p>
    </form>
  );
}

interface FieldProps {
  label: string;
  name: string;
  hint?: string;
  placeholder?: string;
  type?: "text" | "password";
  isOptional?: boolean;
}

export function Field({ label, name, hint, isOptional, type = "text", ...rest }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input name={name} type={type as "text"} required={!isOptional} autocomplete="off" spellcheck={false} maxLength={200} {...rest} />
      {hint && <span class="soft">{hint}</span>}
    </label>
  );
}

export const text = (fields: FormData, name: string): string => String(fields.get(name) ?? "").trim();
