/** Gives a factory the name by which errors call its transform. */
export function named<Factory extends (...args: never[]) => unknown>(
  name: string,
  factory: Factory,
): Factory {
  return Object.defineProperty(factory, 'name', { value: name });
}
