// Choosing is enough; without scripts the button does it.
for (const form of document.querySelectorAll("form[data-autosubmit]")) {
  form.classList.add("live");
  for (const field of form.elements) {
    if (field.tagName === "SELECT") field.addEventListener("change", () => form.requestSubmit());
  }
}
