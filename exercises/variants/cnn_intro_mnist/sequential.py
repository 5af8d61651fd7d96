"""The same answers in another style: chains of layers, functions, one view of all windows."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def correlate(image, kernel, stride, padding):
    ### BEGIN SOLUTION intro-correlate
    padded = np.pad(image, padding)
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
    out = np.einsum("ijuv,uv->ij", windows[::stride, ::stride], kernel)
    ### END SOLUTION
    return out


def max_pool(image, size, stride):
    ### BEGIN SOLUTION intro-max-pool
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    out = windows[::stride, ::stride].max(axis=(2, 3))
    ### END SOLUTION
    return out


def train_step(net, images, labels, optimizer):
    ### BEGIN SOLUTION intro-train-step
    criterion = torch.nn.CrossEntropyLoss()
    net.train()
    batch_loss = criterion(net(images), labels)
    optimizer.zero_grad()
    batch_loss.backward()
    optimizer.step()
    loss = float(batch_loss)
    ### END SOLUTION
    return loss


def accuracy(net, images, labels, batch_size):
    ### BEGIN SOLUTION intro-accuracy
    net.eval()
    guesses = []
    with torch.no_grad():
        for part in images.split(batch_size):
            guesses.append(net(part).max(dim=1).indices)
    fraction = float((torch.cat(guesses) == labels).double().mean())
    ### END SOLUTION
    return fraction


class ConvNet(nn.Module):
    def __init__(self, num_filters, kernel_size, padding):
        ### BEGIN SOLUTION intro-conv-net
        side = 29 + 2 * padding - kernel_size
        self.layers = nn.Sequential(
            nn.Conv2d(1, num_filters, kernel_size, padding=padding),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(num_filters * side * side, 100),
            nn.ReLU(),
            nn.Linear(100, 10),
        )
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION intro-conv-net-forward
        scores = self.layers(x)
        ### END SOLUTION
        return scores


class DeepNet(nn.Module):
    def __init__(self, channels, kernel_size, shrink):
        ### BEGIN SOLUTION intro-deep-net
        self.pooling = shrink == "pool"
        self.convs = nn.ModuleList()
        for before, filters in zip([1, *channels[:-1]], channels):
            stride = 1 if self.pooling else 2
            self.convs.append(
                nn.Conv2d(before, filters, kernel_size, stride=stride, padding=kernel_size // 2)
            )
        self.head = nn.Sequential(nn.Flatten(), nn.LazyLinear(100), nn.ReLU(), nn.Linear(100, 10))
        ### END SOLUTION

    def features(self, x):
        ### BEGIN SOLUTION intro-deep-net-features
        maps = x
        for conv in self.convs:
            maps = F.relu(conv(maps))
            maps = F.max_pool2d(maps, 2) if self.pooling else maps
        ### END SOLUTION
        return maps

    def forward(self, x):
        ### BEGIN SOLUTION intro-deep-net-forward
        scores = self.head(self.features(x))
        ### END SOLUTION
        return scores


class RegularizedNet(nn.Module):
    def __init__(self, num_filters, kernel_size, dropout):
        ### BEGIN SOLUTION intro-regularized-net
        self.p = dropout
        self.conv = nn.Conv2d(1, num_filters, kernel_size, padding=kernel_size // 2, bias=False)
        self.bn = nn.BatchNorm2d(num_filters)
        self.fc1 = nn.Linear(num_filters * 14 * 14, 100)
        self.fc2 = nn.Linear(100, 10)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION intro-regularized-net-forward
        x = F.max_pool2d(self.bn(self.conv(x)).relu(), 2)
        x = F.dropout(x, self.p, training=self.training)
        x = self.fc1(torch.flatten(x, 1)).relu()
        scores = self.fc2(F.dropout(x, self.p, training=self.training))
        ### END SOLUTION
        return scores


class BestNet(nn.Module):
    def __init__(self):
        ### BEGIN SOLUTION intro-best-net
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5, padding=2, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.LazyLinear(10),
        )
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION intro-best-net-forward
        scores = self.layers(x)
        ### END SOLUTION
        return scores


def filter_mosaic(weight, nrows, ncols):
    ### BEGIN SOLUTION intro-filter-mosaic
    rows = [np.hstack(list(weight[r * ncols : (r + 1) * ncols, 0])) for r in range(nrows)]
    mosaic = np.vstack(rows)
    ### END SOLUTION
    return mosaic


def filter_responses(conv, image):
    ### BEGIN SOLUTION intro-filter-responses
    responses = conv(torch.tensor(image).unsqueeze(0).unsqueeze(0)).squeeze(0).detach().numpy()
    ### END SOLUTION
    return responses


def best_net_settings():
    ### BEGIN SOLUTION best-net-settings
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
    batch_size, epochs = 100, 5
    ### END SOLUTION


def output_sizes_answer():
    ### BEGIN SOLUTION output-sizes-answer
    size_1 = [16, 24, 24]
    size_2 = [24, 30, 30]
    size_3 = [3, 16, 16]
    size_4 = (7, 4, 8)
    size_5 = [112, 256, 256]
    ### END SOLUTION
