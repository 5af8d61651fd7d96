"""Softmax at the end of the convolutional network, gradients that add up, and a kernel turned by half a turn."""

import torch.nn.functional as F


def train_step(net, images, labels, optimizer):
    ### BEGIN SOLUTION intro-train-step
    net.train()
    batch_loss = F.cross_entropy(net(images), labels)
    batch_loss.backward()
    optimizer.step()
    loss = batch_loss.item()
    ### END SOLUTION
    return loss


def conv_net_forward(self, x):
    ### BEGIN SOLUTION intro-conv-net-forward
    x = F.relu(self.conv_1(x))
    x = F.relu(self.hidden(x.flatten(1)))
    scores = F.softmax(self.out(x), dim=1)
    ### END SOLUTION
    return scores


def by_hand_answer():
    ### BEGIN SOLUTION by-hand-answer
    convolved = [[0, 1], [0, 6]]
    pooled = 6
    ### END SOLUTION


def output_sizes_answer():
    ### BEGIN SOLUTION output-sizes-answer
    size_1 = (24, 24, 16)
    size_2 = (30, 30, 24)
    size_3 = (16, 16, 3)
    size_4 = (4, 8, 7)
    size_5 = (256, 256, 112)
    ### END SOLUTION
