// The whole walk as a page does it, with the real Firebase JavaScript SDK: register, sign in, bot, text, chat, the connection cut, the
// answer resumed on a second client, stopped, rated, renamed, deleted.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { deleteApp, initializeApp } from "firebase/app";
import {
  connectAuthEmulator, inMemoryPersistence, initializeAuth, signInWithEmailAndPassword, signOut,
} from "firebase/auth";
import { connectFunctionsEmulator, getFunctions, httpsCallable } from "firebase/functions";

const { GATEWAY_PORT, AUTH_HOST, PROJECT, SLOW_MODEL } = process.env;
const PASSWORD = "correct horse battery";
const opened = [];

/** One client: a page in a tab, or an app on a phone. */
function client(name) {
  const app = initializeApp({ apiKey: "demo", projectId: PROJECT }, name);
  const auth = initializeAuth(app, { persistence: inMemoryPersistence });
  connectAuthEmulator(auth, `http://${AUTH_HOST}`, { disableWarnings: true });
  const functions = getFunctions(app, "us-central1");
  connectFunctionsEmulator(functions, "127.0.0.1", Number(GATEWAY_PORT));
  opened.push(app);
  const call = async (function_, request = {}) => (await httpsCallable(functions, function_)(request)).data;
  const stream = (function_, request, options) => httpsCallable(functions, function_).stream(request, options);
  return { auth, call, stream };
}

async function until(read, accept, tries = 150) {
  for (let left = tries; left > 0; left -= 1) {
    const value = await read();
    if (accept(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("it did not come true in time");
}

/** Listen until the page loses its connection after so many tokens; the ids of the turn and the text so far. */
async function cutAfter(page, tokens, request) {
  const leaving = new AbortController();
  const { stream, data } = await page.stream("chat", request, { signal: leaving.signal });
  data.catch(() => {});
  const heard = { text: "", tokens: 0 };
  await assert.rejects(async () => {
    for await (const event of stream) {
      if (event.type === "turn") Object.assign(heard, event);
      if (event.type === "token") { heard.text += event.text; heard.tokens += 1; }
      if (heard.tokens === tokens) leaving.abort();
    }
  });
  return heard;
}

describe("the walk through the JavaScript SDK", () => {
  const name = `walker${process.pid}${Date.now() % 1e9}`;
  const email = `${name}@example.com`;
  let page;
  let phone;
  let bot;
  let heard;

  before(() => {
    page = client("walk-page");
    phone = client("walk-phone");
  });

  after(async () => {
    for (const app of opened) await deleteApp(app);
  });

  test("register without a token, then sign in at Firebase on two clients", async () => {
    const wanted = { email, password: PASSWORD, username: name, display_name: "Walker", accept_terms: true };
    const profile = await page.call("register_user", wanted);
    assert.equal(profile.username, name);
    assert.equal((await page.call("register_user", wanted)).uid, profile.uid, "a repeated call finishes or repeats the first");
    for (const { auth } of [page, phone]) await signInWithEmailAndPassword(auth, email, PASSWORD);
    assert.equal((await phone.call("get_profile")).uid, profile.uid);
  });

  test("a bot that learns a text", async () => {
    const draft = { name: "Whale reader", idempotency_key: `bot-${name}` };
    bot = await page.call("create_bot", draft);
    assert.equal((await page.call("create_bot", draft)).id, bot.id, "the same key answers the first bot");
    const text = "Blue whales eat krill, up to four tonnes a day.";
    const document = await page.call("add_text", { bot_id: bot.id, title: "Whales", text });
    const ended = await until(
      () => page.call("get_document", { document_id: document.id }), ({ status }) => status === "ready" || status === "failed");
    assert.equal(ended.status, "ready");
    const { stream, data } = await page.stream("chat", { bot_id: bot.id, message: "What do blue whales eat?" });
    for await (const event of stream) assert.ok(event.type);
    assert.ok((await data).citations.some(({ verified }) => verified));
  });

  test("a change under an old version is refused", async () => {
    const { version } = await page.call("update_bot", { bot_id: bot.id, name: "Slow reader", model: SLOW_MODEL, if_match: bot.version });
    assert.equal(version, bot.version + 1);
    await assert.rejects(
      page.call("update_bot", { bot_id: bot.id, name: "Too late", if_match: bot.version }), { code: "functions/aborted" });
  });

  test("an answer whose connection was cut is resumed on a second client and stopped from the first", async () => {
    heard = await cutAfter(page, 2, { bot_id: bot.id, message: "What do blue whales eat?" });
    const { stream, data } = await phone.stream("resume_turn", { turn_id: heard.turn_id });
    const shown = [];
    let stopping;
    for await (const event of stream) {
      if (event.type === "restart") shown.length = 0;
      if (event.type === "token") shown.push(event.text);
      if (event.type === "token" && shown.length === 3) stopping = page.call("stop_turn", { turn_id: heard.turn_id });
    }
    const result = await data;
    await stopping;
    assert.equal(result.status, "stopped");
    assert.equal(result.answer.trim(), shown.join("").trim(), "everything, in order, once");
    const kept = await page.call("get_conversation", { chat_id: heard.conversation_id });
    assert.deepEqual(kept.turns.items.map(({ id, answer, status }) => ({ id, answer, status })),
      [{ id: heard.turn_id, answer: result.answer, status: "stopped" }]);
  });

  test("rate, rename, delete", async () => {
    assert.equal((await page.call("rate_turn", { turn_id: heard.turn_id, rating: "down" })).rating, "down");
    assert.equal((await page.call("rename_conversation", { chat_id: heard.conversation_id, title: "Of whales" })).title, "Of whales");
    await page.call("delete_conversation", { chat_id: heard.conversation_id });
    await assert.rejects(page.call("get_conversation", { chat_id: heard.conversation_id }), { code: "functions/not-found" });
    const deletion = await page.call("delete_bot", { bot_id: bot.id });
    await assert.rejects(page.call("get_bot", { bot_id: bot.id }), { code: "functions/not-found" });
    await until(() => page.call("get_deletion", { deletion_id: deletion.id }), ({ status }) => status === "done");
  });

  test("after a sign-out on one client the other one's token is refused", async () => {
    await page.call("sign_out");
    await signOut(page.auth);
    await assert.rejects(phone.call("get_profile"), { code: "functions/unauthenticated" });
  });
});
