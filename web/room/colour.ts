/** The colours that style/theme.css defines for both themes. */
export const COLOURS = 12;
/** Shares no factor with the number of colours, so that clients that arrive one after another look different. */
const STEP = 5;

/** Returns the class of a client's colour, which is the same in each page and at any time. */
export function colourOf(client: number): string {
  return `colour-${(client * STEP) % COLOURS}`;
}
