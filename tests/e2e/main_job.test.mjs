// The main job as a page does it: the real Firebase JavaScript SDK against the local stack, whose addresses come in the environment.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";

import { deleteApp, initializeApp } from "firebase/app";
import { connectAuthEmulator, createUserWithEmailAndPassword, inMemoryPersistence, initializeAuth } from "firebase/auth";
import {
  collection, connectFirestoreEmulator, doc, getDoc, getDocs, getFirestore, limit, onSnapshot, query, setDoc, terminate, where,
} from "firebase/firestore";
import { connectFunctionsEmulator, getFunctions, httpsCallable } from "firebase/functions";

const { GATEWAY_PORT, AUTH_HOST, FIRESTORE_HOST, PROJECT, UPLOAD_FILE, SLOW_MODEL } = process.env;
const PART = 512 * 1024;
const opened = [];

async function signUp(name) {
  const app = initializeApp({ apiKey: "demo", projectId: PROJECT }, name);
  const auth = initializeAuth(app, { persistence: inMemoryPersistence });
  connectAuthEmulator(auth, `http://${AUTH_HOST}`, { disableWarnings: true });
  const functions = getFunctions(app, "us-central1");
  connectFunctionsEmulator(functions, "127.0.0.1", Number(GATEWAY_PORT));
  const firestore = getFirestore(app);
  const [host, port] = FIRESTORE_HOST.split(":");
  connectFirestoreEmulator(firestore, host, Number(port));
  const email = `${name}-${process.pid}-${process.hrtime.bigint()}@example.com`;
  const { user } = await createUserWithEmailAndPassword(auth, email, "correct horse battery");
  opened.push({ app, firestore });
  const call = async (function_, request) => (await httpsCallable(functions, function_)(request)).data;
  return { user, functions, firestore, call };
}

async function putPart(url, bytes, from, total, signal) {
  const to = from + bytes.length - 1;
  const headers = { "Content-Type": "application/pdf", "Content-Range": `bytes ${from}-${to}/${total}` };
  return fetch(url, { method: "PUT", body: bytes, signal, headers });
}

/** Upload in two parts with a cut between them: the page goes on after the last byte that the server acknowledged. */
async function uploadWithACut(url, bytes) {
  const first = await putPart(url, bytes.subarray(0, PART), 0, bytes.length);
  assert.equal(first.status, 308, "an unfinished session answers 308");
  await assert.rejects(putPart(url, bytes.subarray(PART), PART, bytes.length, AbortSignal.abort()));
  const held = Number(first.headers.get("range").split("-")[1]) + 1;
  assert.equal(held, PART, "what arrived before the cut is kept");
  const last = await putPart(url, bytes.subarray(held), held, bytes.length);
  assert.ok(last.ok, `the last part is accepted, got ${last.status}`);
}

function follow(firestore, documentId) {
  const statuses = [];
  const ended = new Promise((resolve, reject) => {
    const stop = onSnapshot(doc(firestore, "documents", documentId), (snapshot) => {
      const { status, failure } = snapshot.data();
      if (statuses.at(-1) !== status) statuses.push(status);
      if (status === "ready") { stop(); resolve(statuses); }
      if (status === "failed") { stop(); reject(new Error(JSON.stringify(failure))); }
    }, reject);
  });
  return ended;
}

async function streamed(owner, request, options) {
  const { stream, data } = await httpsCallable(owner.functions, "chat").stream(request, options);
  const events = [];
  for await (const event of stream) events.push(event);
  return { events, result: await data };
}

async function until(read, accept, tries = 100) {
  for (let left = tries; left > 0; left -= 1) {
    const value = await read();
    if (accept(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it did not come true in time");
}

describe("the main job through the JavaScript SDK", () => {
  let owner;
  let stranger;
  let bot;
  let documentId;

  before(async () => {
    owner = await signUp("owner");
    stranger = await signUp("stranger");
  });

  after(async () => {
    for (const { app, firestore } of opened) {
      await terminate(firestore);
      await deleteApp(app);
    }
  });

  test("a call without a token is unauthenticated", async () => {
    const app = initializeApp({ apiKey: "demo", projectId: PROJECT }, "nobody");
    const functions = getFunctions(app, "us-central1");
    connectFunctionsEmulator(functions, "127.0.0.1", Number(GATEWAY_PORT));
    await assert.rejects(httpsCallable(functions, "list_bots")({}), { code: "functions/unauthenticated" });
    await deleteApp(app);
  });

  test("a bot is created, and a wrong field is named", async () => {
    bot = await owner.call("create_bot", { name: "Reader" });
    assert.match(bot.id, /^[A-Za-z0-9_-]+$/);
    await assert.rejects(owner.call("create_bot", { name: "" }), (error) => {
      assert.equal(error.code, "functions/invalid-argument");
      assert.match(error.message, /name/);
      return true;
    });
  });

  test("a file is uploaded in two parts with a cut between them, and learned under the eyes of a listener", async () => {
    const bytes = await readFile(UPLOAD_FILE);
    assert.ok(bytes.length > PART, "the file must need two parts");
    const upload = await owner.call("create_upload", {
      bot_id: bot.id, title: "paper.pdf", content_type: "application/pdf", size_bytes: bytes.length,
    });
    documentId = upload.document_id;
    const ended = follow(owner.firestore, documentId);
    await uploadWithACut(upload.upload_url, bytes);
    const statuses = await ended;
    assert.equal(statuses.at(0), "awaiting_upload");
    assert.equal(statuses.at(-1), "ready");
  });

  test("a question is answered in a stream whose citation holds", async () => {
    const { events, result } = await streamed(owner, { bot_id: bot.id, message: process.env.QUESTION });
    assert.equal(events[0].type, "turn");
    const text = events.filter((event) => event.type === "token").map((event) => event.text).join("");
    assert.equal(text.trim(), result.answer.trim());
    const cited = result.citations.filter((citation) => citation.verified);
    assert.ok(cited.length > 0, "at least one citation is verified");
    assert.equal(cited[0].document_id, documentId);
    assert.ok(Number.isInteger(cited[0].place.page), "a PDF's citation has its page");
    const unary = await owner.call("chat", { bot_id: bot.id, message: process.env.QUESTION });
    assert.equal(unary.answer, result.answer);
  });

  test("the owner reads the turn through the rules, a stranger does not", async () => {
    const { result } = await streamed(owner, { bot_id: bot.id, message: process.env.QUESTION });
    const path = ["conversations", result.conversation_id, "turns", result.turn_id];
    assert.equal((await getDoc(doc(owner.firestore, ...path))).data().status, "done");
    await assert.rejects(getDoc(doc(stranger.firestore, ...path)), { code: "permission-denied" });
    await assert.rejects(getDoc(doc(stranger.firestore, "documents", documentId)), { code: "permission-denied" });
    await assert.rejects(setDoc(doc(owner.firestore, "documents", documentId), { status: "ready" }), { code: "permission-denied" });
    await assert.rejects(stranger.call("chat", { bot_id: bot.id, message: "hello" }), { code: "functions/not-found" });
  });

  test("a stream that is aborted in the middle leaves its partial turn", async () => {
    const slow = await owner.call("create_bot", { name: "Slow", agent_kind: "chat", model: SLOW_MODEL });
    const leaving = new AbortController();
    const { stream, data } = await httpsCallable(owner.functions, "chat").stream(
      { bot_id: slow.id, message: "Count slowly." }, { signal: leaving.signal });
    data.catch(() => {});
    let ids;
    let tokens = 0;
    // The SDK says "cancelled" or "internal", by whether its reader was waiting when the signal came.
    await assert.rejects(async () => {
      for await (const event of stream) {
        if (event.type === "turn") ids = event;
        if (event.type === "token") tokens += 1;
        if (tokens === 3) leaving.abort();
      }
    }, (error) => leaving.signal.aborted && /^functions\/(cancelled|internal)$/.test(error.code));
    const turn = await until(
      async () => (await getDoc(doc(owner.firestore, "conversations", ids.conversation_id, "turns", ids.turn_id))).data(),
      (stored) => stored && stored.status !== "running");
    assert.equal(turn.status, "interrupted");
    assert.ok(turn.answer.length > 0, "what was written is kept");
  });

  test("a page lists its own documents and cannot list everybody's", async () => {
    const own = query(collection(owner.firestore, "documents"), where("owner_id", "==", owner.user.uid), limit(10));
    assert.equal((await getDocs(own)).size, 1);
    await assert.rejects(getDocs(collection(owner.firestore, "documents")), { code: "permission-denied" });
  });
});
