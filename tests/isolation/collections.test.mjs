// Every stored collection through the real Firebase client SDK, under the rules: as another tenant and as nobody, nothing of Alice's
// is read, listed, counted or written. PATHS holds one document of each collection.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { deleteApp, initializeApp } from "firebase/app";
import { connectAuthEmulator, createUserWithEmailAndPassword, inMemoryPersistence, initializeAuth } from "firebase/auth";
import {
  addDoc, collection, collectionGroup, connectFirestoreEmulator, deleteDoc, doc, getCountFromServer, getDoc, getDocs, getFirestore,
  query, setDoc, setLogLevel, terminate, updateDoc, where,
} from "firebase/firestore";

const { AUTH_HOST, FIRESTORE_HOST, PROJECT, PATHS } = process.env;
const paths = PATHS.split(",");
const opened = [];
let tried = 0;

async function open(name, { signedIn }) {
  const app = initializeApp({ apiKey: "demo", projectId: PROJECT }, name);
  const firestore = getFirestore(app);
  const [host, port] = FIRESTORE_HOST.split(":");
  connectFirestoreEmulator(firestore, host, Number(port));
  opened.push({ app, firestore });
  if (!signedIn) return { firestore, uid: null };
  const auth = initializeAuth(app, { persistence: inMemoryPersistence });
  connectAuthEmulator(auth, `http://${AUTH_HOST}`, { disableWarnings: true });
  const email = `${name}-${process.hrtime.bigint()}@example.com`;
  const { user } = await createUserWithEmailAndPassword(auth, email, "correct horse battery");
  return { firestore, uid: user.uid };
}

/** As the emulator's administrator, as a function would write it. */
async function seed(path, ownerId) {
  const url = `http://${FIRESTORE_HOST}/v1/projects/${PROJECT}/databases/(default)/documents/${path}`;
  const fields = { owner_id: { stringValue: ownerId }, secret: { stringValue: "whale" } };
  const headers = { Authorization: "Bearer owner", "Content-Type": "application/json" };
  const reply = await fetch(url, { method: "PATCH", headers, body: JSON.stringify({ fields }) });
  assert.ok(reply.ok, await reply.text());
}

async function denied(what, attempt) {
  tried += 1;
  await assert.rejects(attempt, { code: "permission-denied" }, what);
}

/** What a rule can allow a tenant is a list of his own; it must not hold another's. */
async function deniedOrEmpty(what, attempt) {
  tried += 1;
  try {
    const found = await attempt();
    assert.equal(found.size ?? found.data().count, 0, what);
  } catch (error) {
    assert.equal(error.code, "permission-denied", `${what}: ${error}`);
  }
}

describe("every collection, under the rules", () => {
  const people = {};

  before(async () => {
    setLogLevel("silent");
    people.alice = await open("alice", { signedIn: true });
    people.bob = await open("bob", { signedIn: true });
    people.nobody = await open("nobody", { signedIn: false });
    for (const path of paths) await seed(path, people.alice.uid);
  });

  after(async () => {
    console.log(`# isolation under the rules: ${paths.length} collections, 2 callers, ${tried} attempts, 0 let through`);
    for (const { app, firestore } of opened) {
      await terminate(firestore);
      await deleteApp(app);
    }
  });

  for (const path of paths) {
    for (const who of ["bob", "nobody"]) {
      test(`${who} at ${path}`, async () => {
        const { firestore, uid } = people[who];
        const place = doc(firestore, path);
        const all = collection(firestore, path.slice(0, path.lastIndexOf("/")));
        const alices = where("owner_id", "==", people.alice.uid);
        const everywhere = collectionGroup(firestore, path.split("/").at(-2));
        await denied("get", getDoc(place));
        await denied("list", getDocs(all));
        await denied("list by owner", getDocs(query(all, alices)));
        await denied("count", getCountFromServer(all));
        await denied("count by owner", getCountFromServer(query(all, alices)));
        await denied("list everywhere", getDocs(everywhere));
        await denied("list everywhere by owner", getDocs(query(everywhere, alices)));
        await deniedOrEmpty("own", () => getDocs(query(all, where("owner_id", "==", uid ?? ""))));
        await deniedOrEmpty("count own", () => getCountFromServer(query(all, where("owner_id", "==", uid ?? ""))));
        await denied("overwrite", setDoc(place, { owner_id: uid ?? "" }));
        await denied("update", updateDoc(place, { owner_id: uid ?? "" }));
        await denied("delete", deleteDoc(place));
        await denied("create", addDoc(all, { owner_id: uid ?? "" }));
      });
    }
  }
});
