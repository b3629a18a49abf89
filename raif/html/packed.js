// Parts of samples, as raif/html/samples.py packs them: inside this page, or as scripts in a folder beside it,
// since a page opened as a file may not fetch anything.
"use strict";

// A script beside the page calls this with its part.
function raifPart(text) {
  document.currentScript.received(text);
}

function fromBeside(folder, name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${folder}/${name}.js`;
    script.received = resolve;
    script.addEventListener("load", () => script.remove());
    script.addEventListener("error", () =>
      reject(new Error(`${script.src} can't be read. Keep this page and the folders beside it together.`)),
    );
    document.head.append(script);
  });
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// Where a run's samples are: `index()` lists them, `texts(sample)` has what one of them says.
function source(folder) {
  const known = new Map();
  const part = (name) => {
    if (!known.has(name)) {
      const packed = folder ? fromBeside(folder, name) : document.getElementById(`part-${name}`).textContent;
      known.set(name, Promise.resolve(packed).then(unpacked));
    }
    return known.get(name);
  };
  return {
    index: () => part("index"),
    texts: async (sample) => (await part(sample.part))[sample.place],
  };
}
