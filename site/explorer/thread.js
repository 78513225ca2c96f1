// Asks the thread of worker.js. The build puts its code into this script as text: a page opened from the disk may start
// no worker from a file.

const waiting = new Map(); // number of a question -> who asked
let worker = null;
let asked = 0;

function started() {
  worker = new Worker(URL.createObjectURL(new Blob([globalThis.convscopeWorker], { type: "text/javascript" })));
  worker.addEventListener("message", ({ data: { number, answer, error } }) => {
    const { resolve, reject } = waiting.get(number);
    waiting.delete(number);
    if (error) reject(new Error(error));
    else resolve(answer);
  });
  return worker;
}

// A promise of the answer to a task of worker.js.
export function ask(task, given) {
  return new Promise((resolve, reject) => {
    waiting.set(++asked, { resolve, reject });
    (worker ?? started()).postMessage({ number: asked, task, ...given });
  });
}

// Has the questions of a wish answered one after the other, and shows each answer as it comes. While that goes on, only
// the latest wish waits: a quick hand asks for more than a slow machine can read.
export function reader(show) {
  let busy = false;
  let next = null;
  return async function read(wish) {
    next = wish;
    if (busy) return;
    busy = true;
    try {
      while (next) {
        const now = next;
        next = null;
        for (const [i, question] of now.questions.entries()) show(i, await ask("read", question), now);
      }
    } finally {
      busy = false;
    }
  };
}
