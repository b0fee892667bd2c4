// One peer connection in a page, driven by calls with JSON arguments and answers.
"use strict";

const rtckit = (() => {
  const HIGH_WATER = 256 * 1024;
  const events = [];
  const channels = new Map();
  const senders = [];
  let connection = null;

  const note = (event, detail = {}) => events.push({ time: Date.now() / 1000, event, ...detail });
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  function fileContent(size, seed) {
    const words = new DataView(new ArrayBuffer(Math.ceil(size / 4) * 4));
    let state = seed >>> 0 || 1;
    for (let at = 0; at < words.byteLength; at += 4) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words.setUint32(at, state >>> 0, true);
    }
    return new Uint8Array(words.buffer, 0, size);
  }

  async function sha256(bytes) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function adopt(channel) {
    const entry = { channel, texts: [], files: [], incoming: null };
    channels.set(channel.label, entry);
    channel.binaryType = "arraybuffer";
    channel.onopen = () => note("datachannel open", { label: channel.label, id: channel.id });
    channel.onclose = () => note("datachannel close", { label: channel.label });
    channel.onerror = (failure) => note("datachannel error", { label: channel.label, message: String(failure.error) });
    channel.onmessage = async ({ data }) => {
      if (typeof data !== "string") {
        if (entry.incoming) entry.incoming.parts.push(new Uint8Array(data));
        return;
      }
      let message = null;
      try { message = JSON.parse(data); } catch { /* plain text */ }
      if (message && message.type === "file") {
        entry.incoming = { name: message.name, parts: [] };
      } else if (message && message.type === "end" && entry.incoming) {
        const { name, parts } = entry.incoming;
        entry.incoming = null;
        const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
        const file = { name, size: whole.length, sha256: await sha256(whole) };
        entry.files.push(file);
        note("file received", { label: channel.label, ...file });
        channel.send(JSON.stringify({ type: "received", ...file }));
      } else {
        entry.texts.push(data);
        note("message", { label: channel.label, length: data.length });
      }
    };
  }

  function watch(target, name, read) {
    target.addEventListener(name, () => note(name, { state: read() }));
  }

  function show(track) {
    const element = document.createElement(track.kind);
    element.autoplay = true;
    element.muted = true;
    element.playsInline = true;
    element.srcObject = new MediaStream([track]);
    document.body.append(element);
  }

  async function gathered(seconds) {
    const limit = Date.now() + seconds * 1000;
    while (connection.iceGatheringState !== "complete" && Date.now() < limit) await pause(20);
    return connection.localDescription.sdp;
  }

  async function limitBitrate(sender, bitsPerSecond) {
    const parameters = sender.getParameters();
    if (!parameters.encodings || parameters.encodings.length === 0) parameters.encodings = [{}];
    parameters.encodings[0].maxBitrate = bitsPerSecond;
    try {
      await sender.setParameters(parameters);
    } catch (refusal) {
      note("setParameters refused", { message: String(refusal) });
    }
  }

  const calls = {
    create({ iceServers, iceTransportPolicy }) {
      connection = new RTCPeerConnection({ iceServers, iceTransportPolicy });
      watch(connection, "signalingstatechange", () => connection.signalingState);
      watch(connection, "icegatheringstatechange", () => connection.iceGatheringState);
      watch(connection, "iceconnectionstatechange", () => connection.iceConnectionState);
      watch(connection, "connectionstatechange", () => connection.connectionState);
      connection.addEventListener("icecandidate", ({ candidate }) =>
        note("icecandidate", { candidate: candidate ? candidate.candidate : null }));
      connection.addEventListener("icecandidateerror", ({ address, port, url, errorCode, errorText }) =>
        note("icecandidateerror", { address, port, url, errorCode, errorText }));
      connection.addEventListener("track", ({ track }) => {
        note("track", { kind: track.kind });
        show(track);
      });
      connection.addEventListener("datachannel", ({ channel }) => {
        note("datachannel", { label: channel.label });
        adopt(channel);
      });
    },

    async addMedia({ audio, video, width, height, frameRate, maxBitrate }) {
      const wanted = { audio, video: video && { width, height, frameRate } };
      const stream = await navigator.mediaDevices.getUserMedia(wanted);
      for (const track of stream.getTracks()) {
        const sender = connection.addTrack(track, stream);
        senders.push(sender);
        if (track.kind === "video") await limitBitrate(sender, maxBitrate);
      }
    },

    addChannel({ label, protocol }) {
      adopt(connection.createDataChannel(label, { protocol }));
    },

    async offer({ gatherSeconds }) {
      await connection.setLocalDescription(await connection.createOffer());
      return gathered(gatherSeconds);
    },

    async answer({ sdp, media, gatherSeconds }) {
      await connection.setRemoteDescription({ type: "offer", sdp });
      if (media.audio || media.video) await calls.addMedia(media);
      await connection.setLocalDescription(await connection.createAnswer());
      return gathered(gatherSeconds);
    },

    async accept({ sdp }) {
      await connection.setRemoteDescription({ type: "answer", sdp });
    },

    say({ label, text }) {
      channels.get(label).channel.send(text);
    },

    async sendFile({ label, name, size, seed, chunk }) {
      const { channel } = channels.get(label);
      const content = fileContent(size, seed);
      channel.send(JSON.stringify({ type: "file", name, size }));
      for (let at = 0; at < size; at += chunk) {
        while (channel.bufferedAmount > HIGH_WATER) await pause(5);
        channel.send(content.slice(at, at + chunk));
      }
      channel.send(JSON.stringify({ type: "end", name }));
      note("file sent", { label, name, size });
    },

    async flow() {
      const flow = {
        connection: connection.connectionState,
        ice: connection.iceConnectionState,
        audioPackets: 0,
        framesDecoded: 0,
        channels: {},
      };
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== "inbound-rtp") continue;
        if (report.kind === "audio") flow.audioPackets += report.packetsReceived || 0;
        if (report.kind === "video") flow.framesDecoded += report.framesDecoded || 0;
      }
      for (const [label, { channel, texts, files }] of channels) {
        flow.channels[label] = { state: channel.readyState, texts, files };
      }
      return flow;
    },

    async stopSending() {
      for (const sender of senders) {
        const { track } = sender;
        await sender.replaceTrack(null);
        if (track) track.stop();
      }
      note("stopped sending");
    },

    async stats() {
      return Object.fromEntries(await connection.getStats());
    },

    events: () => events,

    close() {
      if (connection) connection.close();
      note("closed");
    },
  };

  return {
    async call(name, values) {
      try {
        return JSON.stringify({ result: (await calls[name](values)) ?? null });
      } catch (failure) {
        return JSON.stringify({ error: `${failure.name}: ${failure.message}` });
      }
    },
  };
})();
