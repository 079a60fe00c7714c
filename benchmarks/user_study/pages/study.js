"use strict";
const data = JSON.parse(document.getElementById("study").textContent);
document.getElementById("consent").hidden = data.format !== 1;
