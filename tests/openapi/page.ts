// What a page writes: calls typed by the function's name. Compiled, never run; a wrong line must not compile.
import { type Functions, httpsCallable } from "firebase/functions";
import type { paths } from "../../web/types/api";
import type { ErrorCode, Request, Result, StreamEvent } from "../../web/types/callables";

export async function makeBot(functions: Functions): Promise<string> {
  const createBot = httpsCallable<Request<"create_bot">, Result<"create_bot">>(functions, "create_bot");
  const { data } = await createBot({ name: "Whale guide", agent_kind: "rag", idempotency_key: "once" });
  // @ts-expect-error An answer has the model's fields alone.
  data.owner_id;
  // @ts-expect-error A name is required.
  await createBot({ icon: "🐋" });
  // @ts-expect-error There is no such kind.
  await createBot({ name: "Whale guide", agent_kind: "parrot" });
  return data.id;
}

export async function ask(functions: Functions, show: (text: string) => void): Promise<Result<"chat">> {
  const chat = httpsCallable<Request<"chat">, Result<"chat">, StreamEvent<"chat">>(functions, "chat");
  const { stream, data } = await chat.stream({ bot_id: "bot", message: "What do blue whales eat?" });
  for await (const event of stream) {
    if (event.type === "token") show(event.text);
    if (event.type === "citation") show(event.citation.quote);
    // @ts-expect-error An event has its own fields alone.
    if (event.type === "turn") show(event.text);
  }
  return data;
}

export const sentences: Partial<Record<ErrorCode, string>> = { NOT_FOUND: "It is gone." };
export type Bots = paths["/api/v1/child-bots"]["get"]["responses"][200]["content"]["application/json"];
export type Refusal = paths["/api/v1/child-bots"]["post"]["responses"][429]["content"]["application/problem+json"];
export const nothing: Bots = { items: [], next_cursor: null };
