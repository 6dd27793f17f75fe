// JSON-RPC over HTTP to the service that has sent the page, and to no other. What methods take and answer is what the
// service's own description says, by the types that @cairn/client has of it; an answer is not held against them.

import type { Methods } from "@cairn/client";

const TIMEOUT_MS = 20_000;

/** What the service answers instead of a result, or why there is no answer. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly reason: string,
  ) {
    super(message);
  }
}

interface Answer {
  id?: number | null;
  result?: unknown;
  error?: { message?: string; data?: { reason?: string } };
}

type Method = keyof Methods;
type Params<M extends Method> = Methods[M]["params"];
type Result<M extends Method> = Methods[M]["result"];

/** Where the service is: the page's own folder. */
export const base = (): URL => new URL(".", location.href.split("#")[0]);

/** One call. The token, where there is one, makes it the operator's. */
export async function call<M extends Method>(
  method: M,
  params: Params<M>,
  signal?: AbortSignal,
  token?: string,
): Promise<Result<M>> {
  return result((await post({ jsonrpc: "2.0", id: 1, method, params }, signal, token)) as Answer);
}

/** Calls of one method in one request; what fails is an error in its place. */
export async function callMany<M extends Method>(
  method: M,
  all: Params<M>[],
  signal?: AbortSignal,
): Promise<(Result<M> | ApiError)[]> {
  if (all.length === 0) return [];
  const calls = all.map((params, id) => ({ jsonrpc: "2.0", id, method, params }));
  const answers = await post(calls, signal);
  // A refusal of all of them is one answer.
  if (!Array.isArray(answers)) throw toError(answers as Answer);
  const places = new Map((answers as Answer[]).map((answer) => [answer.id, answer]));
  return all.map((_, id) => {
    const answer = places.get(id) ?? {};
    try {
      return result(answer);
    } catch (error) {
      return error as ApiError;
    }
  });
}

/** Those that are there. */
export function present<T extends object>(answers: (T | ApiError)[]): T[] {
  return answers.filter((answer): answer is T => !(answer instanceof ApiError));
}

/** A text of the service, as its metrics, with the status that it comes with. */
export async function text(path: string, signal?: AbortSignal): Promise<[number, string]> {
  const response = await reach(new URL(path, base()), {}, signal);
  return [response.status, await response.text()];
}

async function post(body: unknown, signal?: AbortSignal, token?: string): Promise<unknown> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const request = { method: "POST", headers, body: JSON.stringify(body) };
  const response = await reach(base(), request, signal);
  if (response.status === 429) {
    throw new ApiError("Too much is asked at the moment: wait some seconds.", "rate");
  }
  try {
    return await response.json();
  } catch {
    throw new ApiError(`The service answers with status ${response.status}.`, "no_answer");
  }
}

async function reach(url: URL, request: RequestInit, signal?: AbortSignal): Promise<Response> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const until = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    return await fetch(url, { ...request, signal: until, cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("The service does not answer.", "no_answer");
  }
}

function result<T>(answer: Answer): T {
  if (answer.error || !("result" in answer)) throw toError(answer);
  return answer.result as T;
}

function toError(answer: Answer): ApiError {
  const message = String(answer.error?.message ?? "The service has not answered this call.");
  return new ApiError(message, String(answer.error?.data?.reason ?? "no_answer"));
}
