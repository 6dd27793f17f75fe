// The operator as the wallet speaks to it: what may be repeated is, and submissions are known by their hash.

import { Client } from "@cairn/client";
import { base } from "../api/rpc.ts";

export const client = (): Client => Client.http(base().href);
