// A form that does something with the wallet: busy while it does, and a sentence when it does not.

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";

/** What a second click does, in words that are shown before it. */
export interface Offer {
  terms: string[];
  action: string;
  /** It costs more than people expect: they have to write that they agree. */
  isDear: boolean;
  accept: () => Promise<string>;
}

const AGREED = "I agree";

interface DoingProps {
  action: string;
  /** Does it with what was filled in; gives a sentence for when it is done, or what a second click is to do. */
  run: (fields: FormData) => Promise<string | Offer>;
  children?: ComponentChildren;
}

export function Doing({ action, run, children }: DoingProps) {
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ text: string; isFault: boolean }>();
  const [offer, setOffer] = useState<Offer>();
  /** Counts changes of the fields. */
  const changes = useRef(0);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const before = changes.current;
    setBusy(true);
    setSaid(undefined);
    try {
      const fields = new FormData(form);
      if (offer?.isDear && text(fields, "agreed").toLowerCase() !== AGREED.toLowerCase()) {
        throw new Error(`Write “${AGREED}” if you want it nevertheless. Nothing was signed.`);
      }
      const result = await (offer ? offer.accept() : run(fields));
      if (typeof result !== "string") {
        if (changes.current !== before) throw new Error("You have changed something meanwhile: look at what it costs again.");
        setOffer(result);
        return;
      }
      setOffer(undefined);
      setSaid({ text: result, isFault: false });
      form.reset();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      setSaid({ text: why.slice(0, 500), isFault: true });
    } finally {
      setBusy(false);
    }
  };
  /** What was offered was for other fields. */
  const withdraw = (event: Event) => {
    if ((event.target as HTMLInputElement).name === "agreed") return;
    changes.current += 1;
    setOffer(undefined);
  };
  return (
    <form class="doing" onSubmit={(event) => void submit(event)} onInput={withdraw}>
      {children}
      {offer && (
        <div role="status">
          {offer.terms.map((term) => (
            <p key={term} class="note">
              {term}
            </p>
          ))}
        </div>
      )}
      {offer?.isDear && <Field label={`To agree, write: ${AGREED}`} name="agreed" isOptional />}
      <button type="submit" disabled={isBusy}>
        {isBusy ? "One moment…" : (offer?.action ?? action)}
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
