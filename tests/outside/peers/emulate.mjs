// Plays Twilio, by the package `emulate`, on a port of this machine alone: node emulate.mjs PORT TOKEN NUMBER VOICE_URL STATUS_URL
import net from "node:net";

// The package listens on every address there is.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...more) {
  const ready = more.find((one) => typeof one === "function");
  return listen.call(this, { port, host: "127.0.0.1" }, ready);
};
const { createEmulator } = await import("emulate");

const [port, token, number, voiceUrl, statusCallback] = process.argv.slice(2);
await createEmulator({
  service: "twilio",
  port: Number(port),
  seed: {
    twilio: {
      account: { sid: `AC${"0".repeat(32)}`, auth_token: token },
      api_keys: [{ sid: `SK${"0".repeat(32)}`, secret: "twilio_test_api_secret" }],
      phone_numbers: [{ phone_number: number, voice_url: voiceUrl, status_callback: statusCallback }],
    },
  },
});
console.log("Ready");
