// Work that is asked for more often than it can be done.

/**
 * Makes a function that never runs twice at a time. Calls while it runs lead to one more run after it, and wait for that.
 * @param {() => Promise<void>} work @returns {() => Promise<void>}
 */
export function oneAtATime(work) {
  /** @type {Promise<void> | null} */
  let running = null;
  let again = false;
  const run = async () => {
    try {
      while (again) {
        again = false;
        await work();
      }
    } finally {
      running = null;
    }
  };
  return () => {
    again = true;
    return running ??= run();
  };
}
