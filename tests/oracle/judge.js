// Puts a description to this browser and reports the step that fails, in its own words.
(() => {
  const LIMIT_MS = 8000;
  const within = (promise) =>
    Promise.race([
      promise,
      new Promise((_, reject) =>
        setTimeout(() => reject({ name: "TimeoutError", message: "no answer" }), LIMIT_MS),
      ),
    ]);
  const refusal = (stage, error) => ({
    stage,
    error: (error && error.name) || String(error),
    message: (error && error.message) || "",
    detail: (error && error.errorDetail) || null,
    line: (error && error.sdpLineNumber) ?? null,
  });
  const judgeOffer = async (sdp) => {
    const connection = new RTCPeerConnection();
    let stage = "setRemoteDescription";
    let answer = null;
    try {
      await within(connection.setRemoteDescription({ type: "offer", sdp }));
      stage = "createAnswer";
      answer = await within(connection.createAnswer());
      stage = "setLocalDescription";
      await within(connection.setLocalDescription(answer));
      return { stage: null, answer: answer.sdp };
    } catch (error) {
      return refusal(stage, error);
    } finally {
      connection.close();
    }
  };
  const makeOffer = async (kinds, withChannel, simulcast) => {
    const connection = new RTCPeerConnection();
    try {
      for (const [kind, direction] of kinds) {
        const init = { direction };
        if (simulcast && kind === "video" && direction !== "recvonly") {
          init.sendEncodings = [{ rid: "h" }, { rid: "l", scaleResolutionDownBy: 2 }];
        }
        connection.addTransceiver(kind, init);
      }
      if (withChannel) connection.createDataChannel("d");
      return (await connection.createOffer()).sdp;
    } finally {
      connection.close();
    }
  };
  const typed = (description) =>
    description ? { type: description.type, sdp: description.sdp } : null;
  const stateOf = (connection, created, isOfferer) => ({
    signaling_state: connection.signalingState,
    current_local: typed(connection.currentLocalDescription),
    current_remote: typed(connection.currentRemoteDescription),
    pending_local: typed(connection.pendingLocalDescription),
    pending_remote: typed(connection.pendingRemoteDescription),
    created_offer: created.offer || null,
    created_answer: created.answer || null,
    is_offerer: isOfferer,
  });
  // Two connections up to the point where a description of a kind is to be set.
  const begin = async ({ kind, kinds, channel }) => {
    const caller = new RTCPeerConnection();
    const callee = new RTCPeerConnection();
    for (const [media, direction] of kinds) caller.addTransceiver(media, { direction });
    if (channel) caller.createDataChannel("d");
    const offer = await caller.createOffer();
    const open = { caller, callee, kind };
    if (kind === "local-offer") {
      return { open, type: "offer", sdp: offer.sdp, state: stateOf(caller, { offer: offer.sdp }, null) };
    }
    await caller.setLocalDescription(offer);
    await callee.setRemoteDescription(offer);
    for (const transceiver of callee.getTransceivers()) transceiver.direction = "sendrecv";
    const answer = await callee.createAnswer();
    if (kind === "local-answer") {
      const state = stateOf(callee, { answer: answer.sdp }, null);
      return { open, type: "answer", sdp: answer.sdp, state };
    }
    if (kind === "answer") {
      const state = stateOf(caller, { offer: offer.sdp }, null);
      return { open, type: "answer", sdp: answer.sdp, state };
    }
    await callee.setLocalDescription(answer);
    await caller.setRemoteDescription(answer);
    const again = await caller.createOffer();
    const state = stateOf(callee, { answer: answer.sdp }, false);
    return { open, type: "offer", sdp: again.sdp, state };
  };
  const finish = async ({ caller, callee, kind }, type, sdp) => {
    let stage = kind.startsWith("local") ? "setLocalDescription" : "setRemoteDescription";
    const target = kind === "answer" || kind === "local-offer" ? caller : callee;
    try {
      await within(target[stage]({ type, sdp }));
      if (kind === "reoffer") {
        stage = "createAnswer";
        const answer = await within(target.createAnswer());
        stage = "setLocalDescription";
        await within(target.setLocalDescription(answer));
      }
      return { stage: null };
    } catch (error) {
      return refusal(stage, error);
    } finally {
      caller.close();
      callee.close();
    }
  };
  let begun = [];
  globalThis.rtckitJudge = globalThis.rtckitJudge || {
    begin: async (setups) => {
      begun = [];
      for (const setup of setups) begun.push(await begin(setup));
      return JSON.stringify(begun.map(({ type, sdp, state }) => ({ type, sdp, state })));
    },
    finish: async ([at, text]) =>
      JSON.stringify([await finish(begun[at].open, begun[at].type, text)]),
    offers: async (texts) => {
      const verdicts = [];
      for (const text of texts) verdicts.push(await judgeOffer(text));
      return JSON.stringify(verdicts);
    },
    make: async (sets) => {
      const offers = [];
      for (const set of sets) offers.push(await makeOffer(set.kinds, set.channel, set.simulcast));
      return JSON.stringify(offers);
    },
  };
})()
