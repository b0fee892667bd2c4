// Performs single operations on named peer connections and reports what came of each.
//
// An operation and its outcome are the JSON of rtckit's simulated players, so that one driver
// serves both. perform() does one; performAll() does a list of steps in one round trip, in which
// descriptions are named by where they come from ("other", "created") instead of written out.
"use strict";

const rtckit = (() => {
  const LIMIT_MS = 5000;
  const QUIET_TURNS = 3;
  const RESILIENCE = ["rtx", "red", "ulpfec", "flexfec-03"];
  const peers = new Map();
  const streams = new Map();
  const sources = new Map();
  let made = 0;

  const typed = (description) =>
    description ? { type: description.type, sdp: description.sdp } : null;

  const localOf = ({ connection }) => ask(() => typed(connection.localDescription), null);

  // A task of its own for all that is queued before it; timers would be clamped to 4 ms.
  const turn = () =>
    new Promise((done) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => { channel.port1.close(); done(); };
      channel.port2.postMessage(null);
    });
  const timer = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  // Events follow their operation through queues of other threads; getStats passes them as well.
  async function settle(peer) {
    await turn();
    if (peer.connection.signalingState !== "closed") {
      await Promise.race([ask(() => peer.connection.getStats()), timer(200)]).catch(() => {});
    }
    for (let count = 0; count < QUIET_TURNS; count += 1) {
      await turn();
      await timer(0);
    }
  }

  const within = (promise) =>
    Promise.race([
      promise,
      timer(LIMIT_MS).then(() => {
        throw { name: "TimeoutError", message: "the promise is not settled" };
      }),
    ]);

  function streamNamed(name) {
    if (!streams.has(name)) streams.set(name, new MediaStream());
    return streams.get(name);
  }

  // Silence and a blank canvas: no device, no permission.
  function newTrack(kind) {
    if (!sources.has(kind)) {
      if (kind === "audio") {
        const output = new AudioContext().createMediaStreamDestination();
        sources.set(kind, output.stream.getAudioTracks()[0]);
      } else {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 16;
        canvas.getContext("2d").fillRect(0, 0, 16, 16);
        sources.set(kind, canvas.captureStream(1).getVideoTracks()[0]);
      }
    }
    return sources.get(kind).clone();
  }

  function open(name, configuration = {}) {
    if (peers.has(name)) return peers.get(name);
    const connection = new RTCPeerConnection(configuration);
    const peer = { connection, events: [], created: null, offers: [] };
    connection.onnegotiationneeded = () => peer.events.push("negotiationneeded");
    connection.onsignalingstatechange = () =>
      peer.events.push(`signalingstatechange:${connection.signalingState}`);
    connection.ontrack = ({ transceiver }) => peer.events.push(`track:${transceiver.mid}`);
    peers.set(name, peer);
    made += 1;
    return peer;
  }

  // Firefox refuses most questions to a closed connection.
  function ask(question, fallback) {
    try {
      return question();
    } catch {
      return fallback;
    }
  }

  const transceiversOf = ({ connection }) => ask(() => connection.getTransceivers(), []);

  function stateOf(peer) {
    const { connection } = peer;
    const typeOf = (which) => ask(() => connection[`${which}Description`].type, null);
    return {
      signalingState: connection.signalingState,
      currentLocal: typeOf("currentLocal"),
      currentRemote: typeOf("currentRemote"),
      pendingLocal: typeOf("pendingLocal"),
      pendingRemote: typeOf("pendingRemote"),
      transceivers: transceiversOf(peer).map((transceiver) => ({
        mid: transceiver.mid,
        kind: transceiver.receiver.track.kind,
        direction: transceiver.direction,
        currentDirection: transceiver.currentDirection,
        stopped: transceiver.currentDirection === "stopped",
      })),
      sctp: ask(() => Boolean(connection.sctp), false),
    };
  }

  function transceiverAt(peer, index) {
    const transceiver = transceiversOf(peer)[index];
    if (!transceiver) throw { name: "IndexError", message: `no transceiver ${index}` };
    return transceiver;
  }

  const capabilities = (kind) => (RTCRtpReceiver.getCapabilities(kind) || { codecs: [] }).codecs;

  // Each type stands for all its capabilities; what only protects others follows them.
  function codecsNamed(types, kind) {
    const known = [...capabilities("audio"), ...capabilities("video")];
    const lower = types.map((type) => type.toLowerCase());
    const chosen = types.flatMap((type) => {
      const found = known.filter((codec) => codec.mimeType.toLowerCase() === type.toLowerCase());
      return found.length ? found : [{ mimeType: type, clockRate: 90000 }];
    });
    if (!chosen.length) return chosen;
    const following = capabilities(kind).filter(({ mimeType }) => {
      const [, name] = mimeType.toLowerCase().split("/");
      return RESILIENCE.includes(name) && !lower.includes(mimeType.toLowerCase());
    });
    return [...chosen, ...following];
  }

  const operations = {
    addTrack: ({ connection }, { kind, streams: names = [] }) => {
      connection.addTrack(newTrack(kind), ...names.map(streamNamed));
    },
    removeTrack: (peer, { transceiver }) => {
      peer.connection.removeTrack(transceiverAt(peer, transceiver).sender);
    },
    addTransceiver: ({ connection }, { kind, direction, streams: names, track, sendEncodings }) => {
      const init = {};
      if (direction) init.direction = direction;
      if (names && names.length) init.streams = names.map(streamNamed);
      if (sendEncodings && sendEncodings.length) init.sendEncodings = sendEncodings;
      connection.addTransceiver(track ? newTrack(kind) : kind, init);
    },
    createDataChannel: ({ connection }, { label }) => {
      connection.createDataChannel(label);
    },
    stop: (peer, { transceiver }) => {
      transceiverAt(peer, transceiver).stop();
    },
    setDirection: (peer, { transceiver, direction }) => {
      transceiverAt(peer, transceiver).direction = direction;
    },
    replaceTrack: async (peer, { transceiver, track }) => {
      const { sender, receiver } = transceiverAt(peer, transceiver);
      await sender.replaceTrack(track ? newTrack(receiver.track.kind) : null);
    },
    setCodecPreferences: (peer, { transceiver, codecs }) => {
      const target = transceiverAt(peer, transceiver);
      target.setCodecPreferences(codecsNamed(codecs, target.receiver.track.kind));
    },
    restartIce: ({ connection }) => {
      connection.restartIce();
    },
    createOffer: async (peer, { iceRestart }) => {
      const made = await peer.connection.createOffer(iceRestart ? { iceRestart } : {});
      peer.created = typed(made);
      peer.offers.push(peer.created);
      return peer.created;
    },
    createAnswer: async (peer) => {
      peer.created = typed(await peer.connection.createAnswer());
      return peer.created;
    },
    setLocalDescription: async (peer, { description }) => {
      const { connection } = peer;
      await (description
        ? connection.setLocalDescription(description)
        : connection.setLocalDescription());
      const local = localOf(peer);
      if (local && local.type === "offer") peer.offers.push(local);
      return local;
    },
    setRemoteDescription: async ({ connection }, { description }) => {
      await connection.setRemoteDescription(description);
    },
    addIceCandidate: async ({ connection }, { candidate, sdpMid = null, sdpMLineIndex = null }) => {
      if (candidate === null) await connection.addIceCandidate();
      else await connection.addIceCandidate({ candidate, sdpMid, sdpMLineIndex });
    },
    close: ({ connection }) => {
      connection.close();
    },
    getState: () => {},
  };

  async function performOne(peer, operation) {
    const outcome = { ok: true, error: null, message: null, description: null };
    try {
      const operate = operations[operation.op];
      if (!operate) throw { name: "UnknownOperation", message: String(operation.op) };
      outcome.description = (await within((async () => operate(peer, operation))())) || null;
    } catch (error) {
      outcome.ok = false;
      outcome.error = (error && error.name) || String(error);
      outcome.message = (error && error.message) || "";
    }
    await settle(peer);
    outcome.events = peer.events.splice(0);
    outcome.state = stateOf(peer);
    return outcome;
  }

  function resolved(step, names) {
    const operation = { ...step };
    const self = peers.get(step.peer);
    const other = peers.get(names.find((name) => name !== step.peer));
    if (typeof step.transceiver === "number") {
      operation.transceiver = step.transceiver % Math.max(transceiversOf(self).length, 1);
    }
    const named = step.description;
    if (named && named.take) {
      const taken = {
        created: () => self.created,
        own: () => localOf(self),
        other: () => localOf(other),
        "other-created": () => other.created,
        stale: () => other.offers[0] || null,
        nothing: () => null,
      }[named.take]();
      const type = named.type || (taken ? taken.type : "offer");
      operation.description = { type, sdp: taken ? taken.sdp : "" };
    }
    return operation;
  }

  function drop(name) {
    const peer = peers.get(name);
    if (peer) peer.connection.close();
    peers.delete(name);
  }

  async function performAll(steps) {
    const names = ["a", "b"];
    names.forEach((name) => { drop(name); open(name); });
    const outcomes = [];
    for (const step of steps) {
      outcomes.push(await performOne(peers.get(step.peer), resolved(step, names)));
    }
    names.forEach(drop);
    return outcomes;
  }

  return {
    call: async (name, given) => {
      const calls = {
        made: () => made,
        open: () => { drop(given.name); open(given.name, given.configuration); },
        perform: () => performOne(open(given.name), given.operation),
        performAll: async () => {
          const all = [];
          for (const steps of given.sequences) all.push(await performAll(steps));
          return all;
        },
        drop: () => drop(given.name),
      };
      try {
        return JSON.stringify({ result: (await calls[name]()) ?? null });
      } catch (error) {
        return JSON.stringify({ error: `${error.name}: ${error.message}` });
      }
    },
  };
})();
