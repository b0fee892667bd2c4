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
  globalThis.rtckitJudge = {
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
