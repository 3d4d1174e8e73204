// Starts firebase-tools' Auth emulator alone: its command line loads the whole tool first, which doubles the start-up,
// and opens two more ports. The lock file pins the version that these names belong to.
const { AuthEmulator, SingleProjectMode } = require("firebase-tools/lib/emulator/auth");

const [host, port, projectId] = process.argv.slice(2);
new AuthEmulator({ host, port: Number(port), projectId, singleProjectMode: SingleProjectMode.NO_WARNING }).start();
