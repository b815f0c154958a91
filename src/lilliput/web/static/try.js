// Recording and drawing for the form that takes a file. Without this script the file is chosen by hand.
"use strict";
const form = document.querySelector("form[data-try]");
const file = document.getElementById("file");
const give = (blob, name) => {
  const carrier = new DataTransfer();
  carrier.items.add(new File([blob], name, { type: blob.type }));
  file.files = carrier.files;
};
const button = (text) => {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  return made;
};
const wav = (samples, rate) => {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const word = (at, text) => [...text].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  word(0, "RIFF"); view.setUint32(4, 36 + 2 * samples.length, true); word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true); view.setUint16(32, 2, true);
  view.setUint16(34, 16, true); word(36, "data"); view.setUint32(40, 2 * samples.length, true);
  samples.forEach((s, i) => view.setInt16(44 + 2 * i, Math.max(-1, Math.min(1, s)) * 32767, true));
  return new Blob([view.buffer], { type: "audio/wav" });
};
if (form && form.dataset.try === "sound" && navigator.mediaDevices && window.MediaRecorder) {
  const record = button("Record two seconds");
  record.addEventListener("click", async () => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const recorder = new MediaRecorder(stream), parts = [];
      recorder.ondataavailable = (event) => parts.push(event.data);
      recorder.onstop = async () => {
        stream.getTracks().forEach((track) => track.stop());
        const context = new AudioContext();
        const heard = await context.decodeAudioData(await new Blob(parts).arrayBuffer());
        give(wav(heard.getChannelData(0), heard.sampleRate), "recording.wav");
        await context.close();
        record.textContent = "Record again";
      };
      recorder.start();
      record.textContent = "Listening…";
      setTimeout(() => recorder.stop(), 2000);
    } catch (error) { record.textContent = "No microphone; choose a file"; }
  });
  form.append(" ", record);
}
if (form && form.dataset.try === "digit") {
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d"), clear = button("Clear");
  canvas.width = canvas.height = 224;
  canvas.className = "draw";
  canvas.setAttribute("aria-label", "Draw a digit here; or choose a file");
  canvas.setAttribute("role", "img");
  const wipe = () => { pen.fillStyle = "#fff"; pen.fillRect(0, 0, 224, 224); file.value = ""; };
  pen.lineWidth = 22; pen.lineCap = pen.lineJoin = "round";
  wipe();
  canvas.addEventListener("pointerdown", (e) => { canvas.setPointerCapture(e.pointerId); pen.beginPath(); pen.moveTo(e.offsetX, e.offsetY); });
  canvas.addEventListener("pointermove", (e) => { if (e.buttons) { pen.lineTo(e.offsetX, e.offsetY); pen.stroke(); } });
  canvas.addEventListener("pointerup", () => canvas.toBlob((blob) => give(blob, "digit.png"), "image/png"));
  clear.addEventListener("click", wipe);
  form.append(canvas, clear);
}
