// The field for searching, in the head of every view.

import { useState } from "preact/hooks";
import { useLive } from "../api/ask.ts";
import { Go } from "../parts/text.tsx";
import { go } from "../router.ts";
import { type Found, search } from "./search.ts";

export function SearchBox() {
  const { head } = useLive();
  const [found, setFound] = useState<Found>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const text = String(new FormData(form).get("wanted") ?? "");
    setBusy(true);
    try {
      const found = await search(text, head?.sealed ?? 0);
      setFound(found);
      if ("to" in found) {
        go(...found.to);
        form.reset();
        setFound(undefined);
      }
    } catch (error) {
      setFound({ why: error instanceof Error ? error.message : String(error) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <search class="search">
      <form onSubmit={(event) => void submit(event)}>
        <input
          name="wanted"
          type="search"
          aria-label="Search by hash, key, id or number"
          placeholder="Hash, key, id or number"
          autocomplete="off"
          spellcheck={false}
          maxLength={200}
        />
        <button type="submit" disabled={isBusy}>
          Search
        </button>
      </form>
      <div class="found" role="status">
        {found && "why" in found && <p>{found.why}</p>}
        {found && "choices" in found && (
          <ul onClick={() => setFound(undefined)}>
            {found.choices.map(([name, to]) => (
              <li key={name}>
                <Go to={to}>{name}</Go>
              </li>
            ))}
          </ul>
        )}
      </div>
    </search>
  );
}
